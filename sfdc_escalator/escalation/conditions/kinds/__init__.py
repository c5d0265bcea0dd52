"""One module per kind of condition; `registry` beside this folder lists them."""
