"""AWS Lambda on this machine: execution environments, snapshots, the Runtime API, the Invoke API and event queues."""
