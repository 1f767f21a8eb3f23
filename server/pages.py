"""The built pages. Files hold no data, so the caller's page is public and the others only need a sign-in."""

from pathlib import Path
from typing import Any

from litestar import MediaType, Request, Response, Router, get
from litestar.datastructures import CacheControlHeader, State
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.static_files import create_static_files_router

from server.auth.access import SignedIn, anybody
from server.errors import Problem

PAGES = ("softphone", "portal", "caller")

Asking = Request[SignedIn | None, None, State]


def missing_pages(folder: Path) -> list[str]:
    return [f"{name}.html" for name in PAGES if not (folder / f"{name}.html").is_file()]


def page_routes(folder: Path) -> list[Any]:
    """Handlers for the three pages and their files, from `folder`."""

    def page(name: str) -> Response[bytes]:
        try:
            return Response((folder / f"{name}.html").read_bytes(), media_type=MediaType.HTML)
        except FileNotFoundError as error:
            raise Problem("pages-missing") from error

    def page_for_signed_in(request: Asking, name: str) -> Response[bytes] | Redirect:
        if isinstance(request.user, SignedIn):
            return page(name)
        return _sign_in_first(request.url.path)

    @get("/", opt=anybody(), include_in_schema=False)
    async def start(request: Asking) -> Redirect:
        person = request.user
        if not isinstance(person, SignedIn):
            return _sign_in_first("/")
        return Redirect("/softphone" if "agent" in person.roles else "/portal", status_code=302)

    @get("/softphone", opt=anybody(), include_in_schema=False, sync_to_thread=False)
    def softphone(request: Asking) -> Response[bytes] | Redirect:
        return page_for_signed_in(request, "softphone")

    @get(["/portal", "/portal/{inside:path}"], opt=anybody(), include_in_schema=False, sync_to_thread=False)
    def portal(request: Asking) -> Response[bytes] | Redirect:
        return page_for_signed_in(request, "portal")

    @get("/call/{link:str}", opt=anybody(), include_in_schema=False, sync_to_thread=False)
    def caller(link: FromPath[str]) -> Response[bytes]:
        return page("caller")

    return [start, softphone, portal, caller, _assets(folder)]


def _assets(folder: Path) -> Router:
    """File names carry a hash of their content, so browsers may keep them for ever."""
    return create_static_files_router(
        path="/static/assets",
        directories=[folder / "assets"],
        cache_control=CacheControlHeader(max_age=31_536_000, immutable=True, public=True),
        opt=anybody(),
        name="assets",
    )


def _sign_in_first(path: str) -> Redirect:
    return Redirect("/auth/sign-in", status_code=302, query_params={"next": path})
