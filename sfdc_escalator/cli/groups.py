"""A command that has commands of its own."""

import click


class CommandGroup(click.Group):
    """Names the nearest command, or all of them, where one does not exist."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        names = self.list_commands(ctx)
        if args and args[0] not in names and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], names, n=1, cutoff=0.5)
            advice = f" Did you mean {near[0]!r}?" if near else f" The commands are {', '.join(names)}."
            ctx.fail(f"No such command {args[0]!r}.{advice}")
        return super().resolve_command(ctx, args)
