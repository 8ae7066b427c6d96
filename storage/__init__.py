"""MongoDB repositories. The only room that imports a MongoDB driver, and only in `driver.py`."""
