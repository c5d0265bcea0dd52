"""The criteria of an entry: its items and their filter, or its formula."""

from collections.abc import Sequence
from dataclasses import dataclass

from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.native.criteria.fields import Fields
from sfdc_escalator.native.criteria.filters import filtered
from sfdc_escalator.native.criteria.formulas import formula_tree
from sfdc_escalator.native.criteria.items import item_trees
from sfdc_escalator.native.criteria.tree import DEEPEST, HOLDS, UNKNOWN, Join, Tree, bounded, depth, is_known
from sfdc_escalator.native.criteria.values import NotMappable
from sfdc_escalator.native.remark import Remark
from sfdc_escalator.native.source.element import Element


@dataclass(frozen=True, slots=True)
class Criteria:
    """`condition` holds for every case that may meet the criteria; exactly for those where they are `known`."""

    condition: Condition
    known: bool
    remarks: tuple[Remark, ...]
    has_formula: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """The elements in which a kind of entry writes its criteria."""

    items: str = "criteriaItems"
    filter: str = "booleanFilter"
    formula: str = "formula"


OF_RULE = Words()
OF_MILESTONE = Words("milestoneCriteriaFilterItems", "criteriaBooleanFilter", "milestoneCriteriaFormula")


def criteria_of(entry: Element, fields: Fields, words: Words = OF_RULE) -> Criteria:
    remarks = list[Remark]()
    tree = tree_of(entry, fields, words, remarks)
    condition = bounded(tree)
    if depth(condition) > DEEPEST:
        named = entry.first(words.formula) or entry.first(words.filter) or entry
        remarks.append(Remark(named.line, named.name, "its conditions are nested too deep for a policy file"))
        tree, condition = UNKNOWN, bounded(UNKNOWN)
    return Criteria(condition, is_known(tree), tuple(remarks), entry.first(words.formula) is not None)


def tree_of(entry: Element, fields: Fields, words: Words, remarks: list[Remark]) -> Tree:
    items = item_trees(entry.all(words.items), fields, remarks)
    formula, chosen = entry.first(words.formula), entry.first(words.filter)
    if formula is not None and formula.text:
        if items:
            remarks.append(Remark(formula.line, formula.name, "an entry has a formula or criteria, not both"))
            return UNKNOWN
        return formula_tree(formula, fields, remarks)
    if chosen is None or not chosen.text:
        return Join(True, tuple(items)) if items else HOLDS
    return by_filter(chosen, items, remarks)


def by_filter(chosen: Element, items: Sequence[Tree], remarks: list[Remark]) -> Tree:
    try:
        return filtered(chosen.text, items)
    except NotMappable as error:
        remarks.append(Remark(chosen.line, error.construct, error.why, error.nearest))
        return UNKNOWN
