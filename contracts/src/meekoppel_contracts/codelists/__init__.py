"""The code lists as data: what each code is called and means, and what it is in the standards that others use.

    from meekoppel_contracts import Discipline
    from meekoppel_contracts.codelists import code_list

    disciplines = code_list(Discipline)
    disciplines.label(Discipline.HEAT, "nl")                      # 'Warmte'
    disciplines.from_external("imkl_thema", "datatransport")      # 'telecom'

One YAML file per enum stands beside this module. A test holds lists and enums equal.
"""

from __future__ import annotations

from meekoppel_contracts.codelists.reading import Code, CodeList, ExternalList, Labels, code_list, code_lists

__all__ = ["Code", "CodeList", "ExternalList", "Labels", "code_list", "code_lists"]
