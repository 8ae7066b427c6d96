"""The customer that the peers in Python take."""

from datetime import datetime

from pydantic import BaseModel


class Contacts(BaseModel):
    """How a customer is reached."""

    email: str | None = None
    phone: str | None = None


class Customer(BaseModel):
    """A customer, with the fields that the load sends."""

    id: str
    externalIds: list[str] = []
    name: str
    contacts: Contacts = Contacts()
    consent: dict[str, bool] = {}
    createdAt: datetime
    updatedAt: datetime


class Batch(BaseModel):
    """What is posted."""

    customers: list[Customer]
