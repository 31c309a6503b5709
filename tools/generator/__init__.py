"""The code generator: proto/ and overlay.toml in, models, converters and RPC table out."""
