"""`/admin/v1`: what operators do, over REST on the admin port."""
