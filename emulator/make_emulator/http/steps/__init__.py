"""Steps of the request pipelines, one module a step; `make_emulator.http.pipeline` puts them in order."""
