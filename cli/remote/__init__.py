"""An operator's desk at a Portico elsewhere, over the REST of its admin port."""
