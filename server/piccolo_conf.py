"""Piccolo finds its engine and apps here, when migrating. Reads the settings of the environment at import."""

from piccolo.conf.apps import AppRegistry

from server.database import make_engine
from server.settings import load_migration

DB = make_engine(load_migration().database)

APP_REGISTRY = AppRegistry(apps=["server.piccolo_app"])
