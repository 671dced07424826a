"""Stolen logins: connections to PostgreSQL and to the broker as each process of the service has them."""

from typing import Any
from urllib.parse import quote, urlsplit

import psycopg
import redis

from tenants import isolation
from tenants.secrets import derive
from tests.service import Service

Database = psycopg.Connection[Any]
PROCESSES = ("web", "relay", "fleet", "registrar", "postman")


def address(service: Service, process: str) -> str:
    return service.instance.environment(process)["DATABASE_URL"]


def address_of_worker(service: Service, tenant: str) -> str:
    at = urlsplit(service.instance.owner_database_url())
    password = derive(service.instance.secrets["fleet_secret"], tenant, "postgres")
    login = f"{isolation.worker_login(tenant)}:{quote(password)}"
    return at._replace(netloc=f"{login}@{at.hostname}:{at.port}").geturl()


def database_of(service: Service, process: str) -> Database:
    return psycopg.connect(address(service, process), autocommit=True)


def database_of_worker(service: Service, tenant: str) -> Database:
    return psycopg.connect(address_of_worker(service, tenant), autocommit=True)


def broker_of(service: Service, process: str) -> redis.Redis:
    return redis.Redis.from_url(service.instance.environment(process)["REDIS_URL"])


def broker_of_worker(service: Service, tenant: str) -> redis.Redis:
    at = urlsplit(service.instance.owner_redis_url())
    password = derive(service.instance.secrets["fleet_secret"], tenant, "broker")
    return redis.Redis(host=str(at.hostname), port=at.port or 6379, username=f"t_{tenant}", password=password)


def refused(database: Database, statement: str) -> bool:
    """Whether the database refuses this for want of a right, which is its own error and no other."""
    try:
        database.execute(statement)
    except psycopg.errors.InsufficientPrivilege:
        return True
    return False
