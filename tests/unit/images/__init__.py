"""Archives of images, and what strangers may have put into them."""
