# make_emulator_container.py
"""Container of the emulator, for Testcontainers."""

from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy

from make_emulator import MakeEmulator

PORT = 4747


class MakeEmulatorContainer(DockerContainer):
    def __init__(
        self, image: str = "ghcr.io/make-emulator/make-emulator:0.2.0", key: str = "testcontainers"
    ) -> None:
        super().__init__(image)
        self.key = key
        self.with_exposed_ports(PORT)
        self.with_env("MAKE_EMULATOR_CONTROL_KEY", key)
        self.with_env("MAKE_EMULATOR_ALLOWED_HOST", "*")  # the host of Docker may have any name
        self.waiting_for(HttpWaitStrategy(PORT, "/_emulator/ready").with_header("X-Emulator-Key", key))

    @property
    def url(self) -> str:
        return f"http://{self.get_container_host_ip()}:{self.get_exposed_port(PORT)}"

    def emulator(self) -> MakeEmulator:
        """Returns the client: its worlds, their clocks, faults and request logs."""
        return MakeEmulator.attach(self.url, control_key=self.key)
