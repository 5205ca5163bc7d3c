"""From a row of a source to a plan: rules, codes, dates and geometry. The entry is `mapping.read.read_plans`."""
