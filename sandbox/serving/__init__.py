"""How the simulators are served: loopback only, bounded, ended with their parent."""
