"""What bounds Portico: the parts it is made of, doing nothing but their own work."""
