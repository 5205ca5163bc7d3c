"""Rebuild the view from the log, beside the live one, and put it in its place.

    reading    the log, in processes of their own: every version as it stands, described by its headers alone
    newest     the newest version of each plan, decoded and folded
    told       what was last told of each pair, from the coordination topics
    pairs      all pairs from nothing, with the revisions that were told
    compare    the live view against what the log says
    adopt      catch up, and put the new tables in the place of the live ones, in one transaction
    tables_…   where the new, the live and the previous tables stand, in each store

`rebuild` puts them in order.
"""
