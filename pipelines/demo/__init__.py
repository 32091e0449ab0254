"""Synthetic landing folder of the five territories, in the official layouts, with the dirt of the real
sources.

What belongs here: drawing and writing the synthetic files, from `territoires_demo.yml`. What does not:
reading or checking files (`pipelines.ingestion`), the rules of the indicators (`dbt_project/`), the figures
of a territory (the YAML).
"""

from pipelines.demo.generation import GRAINE, Resume, generate
from pipelines.demo.parametres import ChiffreAttendu, expected_figures

__all__ = ["GRAINE", "ChiffreAttendu", "Resume", "expected_figures", "generate"]
