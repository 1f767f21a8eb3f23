"""The tables and migrations of `server`, as Piccolo wants them described."""

from pathlib import Path

from piccolo.conf.apps import AppConfig

from server.tables import TABLES

APP_CONFIG = AppConfig(
    app_name="server",
    migrations_folder_path=str(Path(__file__).parent / "piccolo_migrations"),
    table_classes=list(TABLES),
    migration_dependencies=[],
    commands=[],
)
