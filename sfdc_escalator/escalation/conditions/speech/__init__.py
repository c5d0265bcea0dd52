"""What people said on a case: whose messages count, which words are their own, and phrases in them."""
