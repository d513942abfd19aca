"""Functions on arrays, without gradients; see `flambeau.prims.core` for how a call is dispatched.

The package's attributes are the prims: `from flambeau import prims as prim; prim.tanh(x)`.
"""

from flambeau.prims.core import Array as Array
from flambeau.prims.core import Prim as Prim
from flambeau.prims.core import elsewhere as elsewhere
from flambeau.prims.core import silently as silently
from flambeau.prims.core import table as table
from flambeau.prims.pointwise import *  # noqa: F403
from flambeau.prims.reduction import *  # noqa: F403
