"""Income and poverty, as read from the landing folder."""

from assets.lecture import source_asset

filosofi = source_asset("filosofi", "Revenus et pauvreté des ménages (INSEE).")
