"""One kind of database per engine: everything that only holds for it. The others ask the two protocols."""
