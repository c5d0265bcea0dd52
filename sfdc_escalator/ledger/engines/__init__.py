"""One kind of database per engine, with everything that is particular to it. Other modules use the two protocols."""
