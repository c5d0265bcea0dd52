"""The commands about the rules that Salesforce itself carries out."""
