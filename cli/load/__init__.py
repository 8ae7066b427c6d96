"""`portico load`: a load of Portico's own making, and the check of every record that was accepted."""
