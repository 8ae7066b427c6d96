"""Why a command cannot start, in words for whoever typed it."""


class SettingError(Exception):
    """A setting that this command needs is not set, or cannot be used."""


class ListenError(Exception):
    """An address cannot be listened on."""


class RemoteError(Exception):
    """A Portico elsewhere does not let this operator do this, or is none."""
