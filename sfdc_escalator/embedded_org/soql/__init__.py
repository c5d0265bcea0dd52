"""SOQL: syntax, scope, plan, answer."""
