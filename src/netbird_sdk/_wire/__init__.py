"""Generated protobuf modules, under a package name of their own; private."""
