from snapshot_restore_py import register_after_restore, register_before_snapshot

RAN = []
register_before_snapshot(RAN.append, "before snapshot")
register_after_restore(RAN.append, "after restore")


def handler(event, context):
    return RAN
