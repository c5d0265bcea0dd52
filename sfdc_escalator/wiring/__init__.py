"""The only room that puts concrete edges together. Edges are heavy: the function that needs one imports it."""
