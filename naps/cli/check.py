"""``naps check``: whether a recipe will run, and what it will take."""

from __future__ import annotations

from naps.cli.options import RecipeArgument, SetOption


def check(recipe: RecipeArgument, settings: SetOption = None) -> None:
    """Look at files, labels and layers, and forecast time and memory; ends in seconds."""
    from naps.pipeline import ProfileRecipe, load_recipe
    from naps.pipeline.check import check_recipe, check_training, forecast

    loaded = load_recipe(recipe, settings or ())
    if not isinstance(loaded, ProfileRecipe):
        print("\n".join(check_training(loaded)))
        print(f"{recipe}: ready to train")
        return
    model, utterances = check_recipe(loaded)
    expected = forecast(loaded, model, utterances)
    print(f"model      {model.name} ({model.sha256[:12]}), {len(model.layers)} layers")
    minutes = "unknown" if expected.audio_s is None else f"{expected.audio_s / 60:.1f} min"
    print(f"corpus     {expected.utterances} utterances, {minutes} of speech")
    time = "unknown" if expected.seconds is None else f"about {expected.seconds:.0f} s"
    print(f"time       {time} for events and profiles on this machine's processor")
    print(f"memory     {expected.sums_mib:.0f} MiB of sums, however much audio there is")
    print(f"{recipe}: ready to run")
