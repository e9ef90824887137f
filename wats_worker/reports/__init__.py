"""The WATS report: its model, its JSON form and the checks before upload."""
