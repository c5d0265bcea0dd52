"""Messages on a case: who wrote them, which words are their own, and phrases in them."""
