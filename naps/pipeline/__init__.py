"""Recipes, stages and the run folder."""

from naps.pipeline.recipe import ProfileRecipe
from naps.pipeline.recipe_file import Recipe, load_recipe, recipe_names
from naps.pipeline.runner import STAGES, run_recipe

__all__ = ["STAGES", "ProfileRecipe", "Recipe", "load_recipe", "recipe_names", "run_recipe"]
