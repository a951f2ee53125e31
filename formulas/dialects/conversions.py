"""Numbers as conditions and conditions as numbers, which other languages mix freely and ours keeps apart.

Syntax decides what an expression is: comparisons and logic are conditions, a choice between conditions is one, whatever
else there is is a number. A condition where a number belongs is 1 or 0, a number where a condition belongs is asked
whether it differs from 0. Undefined stays undefined.
"""

from __future__ import annotations

from ..syntax import Argument, Binary, Boolean, Call, Comparison, Conditional, Expression, Number, Unary


def is_condition(expression: Expression) -> bool:
    """Whether an expression is true or false, as far as its syntax tells."""
    match expression:
        case Comparison() | Boolean() | Unary(operator="not") | Binary(operator="and" | "or"):
            return True
        case Conditional(then=then, otherwise=otherwise):
            return is_condition(then) and is_condition(otherwise)
        case Call(name="nz", arguments=(first, _)):
            return is_condition(first.value)
        case _:
            return False


def as_number(expression: Expression) -> Expression:
    """1 or 0 of a condition; any other expression as it is."""
    if not is_condition(expression):
        return expression
    span = expression.span
    return Conditional(expression, Number(1.0, span), Number(0.0, span), span)


def as_condition(expression: Expression) -> Expression:
    """Whether a number differs from 0; a condition as it is."""
    if is_condition(expression):
        return expression
    return Comparison((expression, Number(0.0, expression.span)), ("!=",), expression.span)


def known(condition: Expression, otherwise: bool) -> Expression:
    """A condition that is never undefined: `otherwise` where it would be."""
    span = condition.span
    given = (condition, Boolean(otherwise, span))
    return Call("nz", tuple(Argument(None, value, span) for value in given), span, span)
