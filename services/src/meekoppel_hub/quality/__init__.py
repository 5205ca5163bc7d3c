"""Quality: how good, steady and fresh plan data are, month by month and publisher by publisher."""
