"""``naps check``: whether a recipe will run, and what it will take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from naps.cli.options import ModelOption, RecipeArgument, SetOption
from naps.errors import InputError

if TYPE_CHECKING:
    from naps.corpus import Utterance
    from naps.models import Recognizer
    from naps.pipeline import ProfileRecipe, Recipe
    from naps.pipeline.comparison_recipe import ComparisonRecipe
    from naps.pipeline.sentiment_recipe import SentimentRecipe


def check(recipe: RecipeArgument, settings: SetOption = None, model: ModelOption = None) -> None:
    """Look at files, labels and layers, and forecast time and memory; ends in seconds."""
    from naps.pipeline import ProfileRecipe, load_recipe
    from naps.pipeline.check import check_recipe
    from naps.pipeline.comparison_recipe import ComparisonRecipe
    from naps.pipeline.map_quality import check_map_quality
    from naps.pipeline.map_quality_recipe import MapQualityRecipe
    from naps.pipeline.sentiment_recipe import SentimentRecipe

    loaded = load_recipe(recipe, settings or ())
    if isinstance(loaded, SentimentRecipe):
        chosen = loaded if model is None else loaded.model_copy(update={"model": model})
        _check_sentiment(chosen)
        print(f"{recipe}: ready to run")
        return
    if isinstance(loaded, ComparisonRecipe):
        if model is not None:
            raise InputError(f"{recipe} has a model for each run; --set runs.NAME.model=…")
        _check_comparison(loaded)
        print(f"{recipe}: ready to run")
        return
    if isinstance(loaded, MapQualityRecipe):
        run = check_map_quality(loaded)
        count = len(loaded.layers) * len(loaded.chosen()) * loaded.repetitions
        print(f"run        {run.path}, {count:,} maps of {', '.join(loaded.layers)}")
        print(f"{recipe}: ready to run")
        return
    if not isinstance(loaded, ProfileRecipe):
        if model is not None:
            raise InputError(f"{recipe} is a training recipe; --model is for those with a model")
        _check_training(loaded, recipe)
        return
    _print_forecast(loaded, *check_recipe(loaded, model))
    print(f"{recipe}: ready to run")


def _check_comparison(loaded: ComparisonRecipe) -> None:
    from naps.pipeline.comparison_runner import check_comparison

    for run in check_comparison(loaded):
        print(f"run        {run.name}, {run.recipe.events.mode} events")
        _print_forecast(run.recipe, run.model, run.utterances)


def _check_sentiment(loaded: SentimentRecipe) -> None:
    from naps.pipeline.sentiment_runner import check_sentiment

    found = check_sentiment(loaded)
    for chosen in (found.subjects.model, found.other):
        if chosen is not None:
            print(f"model      {chosen.name} ({chosen.sha256[:12]})")
    print(f"sentences  {len(found.subjects.sentences)}, {len(found.long.sentences)} long enough")
    print(f"methods    {', '.join(loaded.methods)}")


def _print_forecast(recipe: ProfileRecipe, chosen: Recognizer, utterances: list[Utterance]) -> None:
    from naps.pipeline.check import forecast

    expected = forecast(recipe, chosen, utterances)
    print(f"model      {chosen.name} ({chosen.sha256[:12]}), {len(chosen.layers)} layers")
    minutes = "unknown" if expected.audio_s is None else f"{expected.audio_s / 60:.1f} min"
    print(f"corpus     {expected.utterances} utterances, {minutes} of speech")
    time = "unknown" if expected.seconds is None else f"about {expected.seconds:.0f} s"
    print(f"time       {time} for events and profiles on this machine's processor")
    where = " in files, as memory_mib leaves no room" if expected.spills else ""
    print(
        f"memory     {expected.sums_mib:.0f} MiB of sums{where} and {expected.batch_mib:.0f} MiB "
        f"for a batch of events, however much audio there is"
    )


def _check_training(loaded: Recipe, recipe: str) -> None:
    from naps.pipeline.runner import choose_device
    from naps.pipeline.training_check import check_training, forecast_training
    from naps.training import TopographySweepConfig, TrainConfig, TransferConfig

    print("\n".join(check_training(loaded)))
    if isinstance(loaded, TrainConfig | TransferConfig | TopographySweepConfig):
        device = choose_device("auto")
        expected = forecast_training(loaded, device)
        print(f"network    {expected.parameters:,} parameters")
        print(f"speed      {expected.audio_per_s:.1f} s of speech a second on one {device.type}")
        print(f"time       about {expected.seconds / 3600:.1f} h for {expected.updates:,} updates")
        print(f"memory     about {expected.memory_mib:.0f} MiB")
    print(f"{recipe}: ready to train")
