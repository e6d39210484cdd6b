"""An SMTP server that takes everything and keeps nothing; it prints its port."""

from __future__ import annotations

import asyncio

from aiosmtpd.smtp import SMTP


class Sink:
    """Says that all is well."""

    async def handle_DATA(self, *_: object) -> str:
        """Forget a mail."""
        return "250 OK"


async def main() -> None:
    """Listen for ever."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Sink(), hostname="sink"), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
