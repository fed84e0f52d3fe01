"""`python -m deployments.command` is `gamenight`."""

from deployments.command.main import main

main()
