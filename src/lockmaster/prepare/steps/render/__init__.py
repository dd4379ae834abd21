"""`render`: files made from templates, checked before they replace what is there, and replaced in one instant."""
