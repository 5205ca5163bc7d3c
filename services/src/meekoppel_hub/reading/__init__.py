"""The view as one viewer may see it: plans and pairs, page by page. The API and the exports read through it."""
