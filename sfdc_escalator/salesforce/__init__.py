"""The one place that speaks with Salesforce; every foreign error becomes one of ours here."""
