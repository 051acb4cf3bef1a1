"""People who are logged in and click: a process of its own, so that what the crowd costs is not the gateway's."""
