"""Linear algebra: `torch.linalg`."""

from .ops.linalg import (
    LinAlgError,
    solve_triangular,
)
from .ops.linalg import (
    linalg_cholesky as cholesky,
)
from .ops.linalg import (
    linalg_cholesky_ex as cholesky_ex,
)
from .ops.linalg import (
    linalg_inv as inv,
)
from .ops.linalg import (
    linalg_inv_ex as inv_ex,
)
from .ops.linalg import (
    linalg_ldl_factor as ldl_factor,
)
from .ops.linalg import (
    linalg_ldl_factor_ex as ldl_factor_ex,
)
from .ops.linalg import (
    linalg_ldl_solve as ldl_solve,
)
from .ops.linalg import (
    linalg_lu as lu,
)
from .ops.linalg import (
    linalg_lu_factor as lu_factor,
)
from .ops.linalg import (
    linalg_lu_factor_ex as lu_factor_ex,
)
from .ops.linalg import (
    linalg_lu_solve as lu_solve,
)
from .ops.linalg import (
    linalg_solve as solve,
)
from .ops.linalg import (
    linalg_solve_ex as solve_ex,
)
from .ops.matrix_functions import (
    linalg_cond as cond,
)
from .ops.matrix_functions import (
    linalg_cross as cross,
)
from .ops.matrix_functions import (
    linalg_det as det,
)
from .ops.matrix_functions import (
    linalg_diagonal as diagonal,
)
from .ops.matrix_functions import (
    linalg_matmul as matmul,
)
from .ops.matrix_functions import (
    linalg_matrix_exp as matrix_exp,
)
from .ops.matrix_functions import (
    linalg_matrix_norm as matrix_norm,
)
from .ops.matrix_functions import (
    linalg_matrix_power as matrix_power,
)
from .ops.matrix_functions import (
    linalg_matrix_rank as matrix_rank,
)
from .ops.matrix_functions import (
    linalg_multi_dot as multi_dot,
)
from .ops.matrix_functions import (
    linalg_norm as norm,
)
from .ops.matrix_functions import (
    linalg_slogdet as slogdet,
)
from .ops.matrix_functions import (
    linalg_tensorinv as tensorinv,
)
from .ops.matrix_functions import (
    linalg_tensorsolve as tensorsolve,
)
from .ops.matrix_functions import (
    linalg_vander as vander,
)
from .ops.matrix_functions import (
    linalg_vecdot as vecdot,
)
from .ops.matrix_functions import (
    linalg_vector_norm as vector_norm,
)
from .ops.spectral import (
    linalg_eig as eig,
)
from .ops.spectral import (
    linalg_eigh as eigh,
)
from .ops.spectral import (
    linalg_eigvals as eigvals,
)
from .ops.spectral import (
    linalg_eigvalsh as eigvalsh,
)
from .ops.spectral import (
    linalg_householder_product as householder_product,
)
from .ops.spectral import (
    linalg_lstsq as lstsq,
)
from .ops.spectral import (
    linalg_pinv as pinv,
)
from .ops.spectral import (
    linalg_qr as qr,
)
from .ops.spectral import (
    linalg_svd as svd,
)
from .ops.spectral import (
    linalg_svdvals as svdvals,
)

__all__ = [
    "LinAlgError",
    "cholesky",
    "cholesky_ex",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "householder_product",
    "inv",
    "inv_ex",
    "ldl_factor",
    "ldl_factor_ex",
    "ldl_solve",
    "lstsq",
    "lu",
    "lu_factor",
    "lu_factor_ex",
    "lu_solve",
    "matmul",
    "matrix_exp",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_ex",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensorinv",
    "tensorsolve",
    "vander",
    "vecdot",
    "vector_norm",
]
