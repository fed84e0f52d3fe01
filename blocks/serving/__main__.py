"""`python -m blocks.serving`: the gateway process."""

from __future__ import annotations

from blocks.serving.settings import prepare_environment, read_settings


def main() -> int:
    """Read the settings, prepare the environment, serve."""
    settings = read_settings()
    prepare_environment(settings.tracking_uri)
    from blocks.serving.server import serve  # numpy loads here, after the environment says how many threads

    return serve(settings)


if __name__ == "__main__":
    raise SystemExit(main())
