"""Five replicas start at once on an empty database; the one that migrates is killed in the middle. `make demo`."""

import warnings

# of the embedded server's lock files, where there is no session of a desktop: not our subject
warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
