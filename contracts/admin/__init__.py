"""What operators are answered, and the document of the admin port's REST."""
