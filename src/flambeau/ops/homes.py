"""Which file declares what. Written by `python -m flambeau.ops --stubs`; not to be edited."""

FUNCTIONS = {
    "activation": """
        _elu _log_softmax _prelu_kernel _softmax celu elu gelu glu hardshrink hardsigmoid hardswish hardtanh
        leaky_relu log_sigmoid log_softmax mish prelu relu relu6 selu silu softmax softplus softshrink threshold
    """,
    "arithmetic": """
        _clamp _clamp_tensors _lerp _lerp_tensor addcdiv addcmul clamp clamp_max clamp_min clip clip_ float_power
        frexp lerp nan_to_num rsub
    """,
    "attention": """
        _attention scaled_dot_product_attention
    """,
    "channel_norm": """
        _batch_norm_eval _batch_norm_train _group_norm _native_batch_norm_legit batch_norm group_norm instance_norm
        native_batch_norm native_group_norm
    """,
    "comparison": """
        bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor copysign eq fmax fmin
        gcd ge greater greater_ greater_equal greater_equal_ gt heaviside isfinite isinf isnan lcm le less less_
        less_equal less_equal_ logical_and logical_not logical_or logical_xor lt maximum minimum ne nextafter
        not_equal not_equal_ signbit where
    """,
    "complex_views": """
        _imag _real imag real view_as_complex view_as_real
    """,
    "conv": """
        _convolution_input _convolution_weight conv1d conv2d conv3d conv_tbc conv_transpose1d conv_transpose2d
        conv_transpose3d convolution
    """,
    "convert": """
        _to_copy clone contiguous fill zero
    """,
    "copies": """
        _unsafe_split alias_copy as_strided_copy diagonal_copy expand_copy narrow_copy permute_copy resolve_conj
        resolve_neg select_copy slice_copy split_copy split_with_sizes_copy squeeze_copy t_copy transpose_copy
        unbind_copy unfold_copy unsafe_chunk unsafe_split unsafe_split_with_sizes unsqueeze_copy view_as_complex_copy
        view_as_real_copy view_copy
    """,
    "creation": """
        as_tensor asarray empty empty_like empty_permuted empty_strided eye from_file from_numpy frombuffer full
        full_like ones ones_like scalar_tensor tensor zeros zeros_like
    """,
    "ctc": """
        ctc_loss
    """,
    "distance": """
        bilinear cdist cosine_similarity one_hot pairwise_distance pdist
    """,
    "einsum": """
        einsum
    """,
    "embedding": """
        embedding embedding_bag
    """,
    "fft": """
        _fft_c2c _fft_c2r _fft_r2c _fft_resized _fft_scaled fft_fft fft_fft2 fft_fftn fft_fftshift fft_hfft fft_hfft2
        fft_hfftn fft_ifft fft_ifft2 fft_ifftn fft_ifftshift fft_ihfft fft_ihfft2 fft_ihfftn fft_irfft fft_irfft2
        fft_irfftn fft_rfft fft_rfft2 fft_rfftn
    """,
    "folding": """
        channel_shuffle col2im im2col native_channel_shuffle pixel_shuffle pixel_unshuffle
    """,
    "foreach": """
        _foreach_abs _foreach_abs_ _foreach_acos _foreach_acos_ _foreach_add _foreach_add_ _foreach_addcdiv
        _foreach_addcdiv_ _foreach_addcmul _foreach_addcmul_ _foreach_asin _foreach_asin_ _foreach_atan _foreach_atan_
        _foreach_ceil _foreach_ceil_ _foreach_clamp_max _foreach_clamp_max_ _foreach_clamp_min _foreach_clamp_min_
        _foreach_copy_ _foreach_cos _foreach_cos_ _foreach_cosh _foreach_cosh_ _foreach_div _foreach_div_ _foreach_erf
        _foreach_erf_ _foreach_erfc _foreach_erfc_ _foreach_exp _foreach_exp_ _foreach_expm1 _foreach_expm1_
        _foreach_floor _foreach_floor_ _foreach_frac _foreach_frac_ _foreach_lerp _foreach_lerp_ _foreach_lgamma
        _foreach_lgamma_ _foreach_log _foreach_log10 _foreach_log10_ _foreach_log1p _foreach_log1p_ _foreach_log2
        _foreach_log2_ _foreach_log_ _foreach_max _foreach_maximum _foreach_maximum_ _foreach_minimum
        _foreach_minimum_ _foreach_mul _foreach_mul_ _foreach_neg _foreach_neg_ _foreach_norm _foreach_pow
        _foreach_pow_ _foreach_reciprocal _foreach_reciprocal_ _foreach_round _foreach_round_ _foreach_rsqrt
        _foreach_rsqrt_ _foreach_sigmoid _foreach_sigmoid_ _foreach_sign _foreach_sign_ _foreach_sin _foreach_sin_
        _foreach_sinh _foreach_sinh_ _foreach_sqrt _foreach_sqrt_ _foreach_sub _foreach_sub_ _foreach_tan
        _foreach_tan_ _foreach_tanh _foreach_tanh_ _foreach_trunc _foreach_trunc_ _foreach_zero_ _stacked_norms
    """,
    "gradient": """
        gradient
    """,
    "grid": """
        _affine_grid_moments _correlated_taps _gathered_taps _scattered_taps affine_grid_generator grid_sampler
        grid_sampler_2d grid_sampler_3d
    """,
    "indexing": """
        _AliasBackward0 _SelectBackward0 _SliceBackward0 _UnsqueezeBackward0 _index _index_put _leading _masked_placed
        _nonzero _placed _sums_where _zeros_of argwhere index_put masked_fill masked_scatter masked_select nonzero
        nonzero_static put take
    """,
    "join": """
        _repeat_interleave as_strided_scatter atleast_1d atleast_2d atleast_3d block_diag broadcast_shapes
        broadcast_tensors cartesian_prod cat column_stack combinations concat concatenate diag diag_embed diagflat
        diagonal_scatter dstack flip fliplr flipud hstack kron meshgrid repeat repeat_interleave roll rot90 row_stack
        select_scatter slice_scatter stack tile trace tril tril_indices triu triu_indices vstack
    """,
    "linalg": """
        _banded _diagonal_matrix _diagonal_of _joined _linalg_solve_matrix _lu_unpack _nothing_of cholesky_inverse
        cholesky_solve linalg_cholesky linalg_cholesky_ex linalg_inv linalg_inv_ex linalg_ldl_factor
        linalg_ldl_factor_ex linalg_ldl_solve linalg_lu linalg_lu_factor linalg_lu_factor_ex linalg_lu_solve
        linalg_solve linalg_solve_ex linalg_solve_triangular lu_unpack triangular_solve
    """,
    "loss": """
        _bce _bce_logits _cross_entropy_indices binary_cross_entropy binary_cross_entropy_with_logits
        cosine_embedding_loss cross_entropy huber_loss kl_div l1_loss mse_loss multi_margin_loss
        multilabel_margin_loss nll_loss poisson_nll_loss smooth_l1_loss soft_margin_loss triplet_margin_loss
    """,
    "lowrank": """
        pca_lowrank svd_lowrank
    """,
    "matmul": """
        _matmul addbmm addmm addmv addr baddbmm bmm dot ger inner linear matmul mm mv outer tensordot vdot
    """,
    "matrix_functions": """
        chain_matmul cholesky cross det dist inverse linalg_cond linalg_cross linalg_det linalg_diagonal linalg_matmul
        linalg_matrix_exp linalg_matrix_norm linalg_matrix_power linalg_matrix_rank linalg_multi_dot linalg_norm
        linalg_slogdet linalg_tensorinv linalg_tensorsolve linalg_vander linalg_vecdot linalg_vector_norm logdet lu
        lu_solve matrix_exp matrix_power norm renorm slogdet
    """,
    "normalization": """
        _norm_statistics _rms_norm layer_norm native_layer_norm rms_norm
    """,
    "padding": """
        _pad_circular constant_pad_nd pad reflection_pad1d reflection_pad2d reflection_pad3d replication_pad1d
        replication_pad2d replication_pad3d
    """,
    "parts": """
        _slice _split chunk diagonal diagonal_backward dsplit hsplit narrow select select_backward slice_backward
        split split_with_sizes tensor_split unbind vsplit
    """,
    "pointwise": """
        _rounded_div abs absolute absolute_ acos acosh add angle arccos arccos_ arccosh arccosh_ arcsin arcsin_
        arcsinh arcsinh_ arctan arctan2 arctan2_ arctan_ arctanh arctanh_ asin asinh atan atan2 atanh ceil conj cos
        cosh deg2rad div divide divide_ erf erfc erfinv exp exp2 expm1 fix fix_ floor floor_divide fmod frac hypot
        ldexp log log10 log1p log2 logaddexp logaddexp2 mul multiply multiply_ neg negative negative_ positive pow
        rad2deg reciprocal remainder round rsqrt sgn sigmoid sign sin sinc sinh sqrt square sub subtract subtract_ tan
        tanh true_divide trunc xlogy
    """,
    "pooling": """
        _avg_pool1d _avg_pool2d _avg_pool3d _gather_planes _max_pool1d _max_pool2d _max_pool3d _scatter_planes
        _window_shares avg_pool1d avg_pool2d avg_pool3d max_pool1d max_pool1d_with_indices max_pool2d
        max_pool2d_with_indices max_pool3d max_pool3d_with_indices
    """,
    "pooling_adaptive": """
        _adaptive_avg_pool1d _adaptive_avg_pool1d_even _adaptive_avg_pool2d _adaptive_avg_pool2d_even
        _adaptive_avg_pool3d _adaptive_avg_pool3d_even _adaptive_shares adaptive_avg_pool1d adaptive_avg_pool2d
        adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d fractional_max_pool2d
        fractional_max_pool3d max_unpool2d max_unpool3d
    """,
    "random_creation": """
        _normal_both _normal_mean _normal_std normal rand rand_like randint randint_like randn randn_like randperm
    """,
    "random_draws": """
        _dirichlet_grad _sample_dirichlet _standard_gamma _standard_gamma_grad bernoulli binomial multinomial poisson
    """,
    "random_dropout": """
        _with_slopes alpha_dropout alpha_dropout_ dropout dropout_ feature_alpha_dropout feature_alpha_dropout_
        feature_dropout feature_dropout_ native_dropout rrelu
    """,
    "ranges": """
        arange complex linspace logspace polar range
    """,
    "reduction": """
        _max_all _max_dim _min_all _min_dim _std _var all allclose amax amin aminmax any argmax argmin count_nonzero
        equal isclose logsumexp max mean min nanmean nansum prod std std_mean sum var var_mean
    """,
    "resample": """
        _mapped _upsample_bicubic2d_aa _upsample_bicubic2d_aa_op _upsample_bicubic2d_op _upsample_bilinear2d_aa
        _upsample_bilinear2d_aa_op _upsample_bilinear2d_op _upsample_lanczos2d_aa _upsample_lanczos2d_aa_op
        _upsample_linear1d_op _upsample_nearest1d_op _upsample_nearest2d_op _upsample_nearest3d_op
        _upsample_nearest_exact1d _upsample_nearest_exact1d_op _upsample_nearest_exact2d _upsample_nearest_exact2d_op
        _upsample_nearest_exact3d _upsample_nearest_exact3d_op _upsample_trilinear3d_op upsample_bicubic2d
        upsample_bilinear2d upsample_linear1d upsample_nearest1d upsample_nearest2d upsample_nearest3d
        upsample_trilinear3d
    """,
    "rnn": """
        _rnn_layer gru gru_cell lstm lstm_cell rnn_relu rnn_relu_cell rnn_tanh rnn_tanh_cell
    """,
    "scan": """
        _mirrored cummax cummin cumprod cumsum cumulative_trapezoid diff logcumsumexp trapezoid trapz
    """,
    "scatter": """
        _slice_sums_at _sums_at gather index_add index_copy index_fill index_reduce index_select scatter scatter_add
        scatter_reduce take_along_dim
    """,
    "segment": """
        _chunk_cat _segment_reduce _softmax_backward_data _unsafe_masked_index _unsafe_masked_index_put_accumulate
        hash_tensor segment_reduce
    """,
    "shape": """
        _sum_to_size _unsafe_view _view _view_dtype adjoint as_strided broadcast_to expand flatten moveaxis movedim
        permute ravel reshape squeeze swapaxes swapdims t transpose unflatten unfold unfold_backward unsqueeze
    """,
    "sorting": """
        _histogramdd _median_all _median_along _nanmedian_all _nanmedian_along _searchsorted _sort _unique
        _unique_consecutive argsort bincount bucketize histc histogram histogramdd kthvalue median mode msort
        nanmedian nanquantile quantile searchsorted sort topk unique unique_consecutive
    """,
    "special": """
        _polygamma digamma i0 igamma igammac lgamma logit mvlgamma polygamma special_airy_ai special_bessel_j0
        special_bessel_j1 special_bessel_y0 special_bessel_y1 special_chebyshev_polynomial_t
        special_chebyshev_polynomial_u special_chebyshev_polynomial_v special_chebyshev_polynomial_w special_entr
        special_erfcx special_hermite_polynomial_h special_hermite_polynomial_he special_i0e special_i1 special_i1e
        special_laguerre_polynomial_l special_legendre_polynomial_p special_log_ndtr special_modified_bessel_i0
        special_modified_bessel_i1 special_modified_bessel_k0 special_modified_bessel_k1 special_ndtr special_ndtri
        special_scaled_modified_bessel_k0 special_scaled_modified_bessel_k1 special_shifted_chebyshev_polynomial_t
        special_shifted_chebyshev_polynomial_u special_shifted_chebyshev_polynomial_v
        special_shifted_chebyshev_polynomial_w special_spherical_bessel_j0 special_xlog1py special_zeta
    """,
    "spectral": """
        _lstsq _pinv_of geqrf linalg_eig linalg_eigh linalg_eigvals linalg_eigvalsh linalg_householder_product
        linalg_lstsq linalg_pinv linalg_qr linalg_svd linalg_svdvals orgqr ormqr pinverse qr svd
    """,
    "statistics": """
        conj_physical corrcoef cov isin isneginf isposinf isreal unravel_index vander
    """,
    "stft": """
        istft stft
    """,
    "weights": """
        _weight_norm embedding_renorm_ norm_except_dim
    """,
    "windows": """
        bartlett_window blackman_window hamming_window hann_window kaiser_window
    """,
}

METHODS = {
    "activation": """
        _elu_ celu_ elu_ hardshrink hardsigmoid_ hardswish_ hardtanh_ leaky_relu_ log_softmax mish_ prelu relu relu6_
        relu_ selu_ silu_ softmax threshold_
    """,
    "arithmetic": """
        _lerp_ addcdiv addcdiv_ addcmul addcmul_ clamp clamp_ clamp_max clamp_max_ clamp_min clamp_min_ clip clip_
        float_power float_power_ frexp lerp lerp_ nan_to_num nan_to_num_
    """,
    "comparison": """
        __and__ __eq__ __ge__ __gt__ __iand__ __ilshift__ __invert__ __ior__ __irshift__ __ixor__ __le__ __lshift__
        __lt__ __ne__ __or__ __rand__ __rlshift__ __ror__ __rrshift__ __rshift__ __rxor__ __xor__ bitwise_and
        bitwise_and_ bitwise_left_shift bitwise_left_shift_ bitwise_not bitwise_not_ bitwise_or bitwise_or_
        bitwise_right_shift bitwise_right_shift_ bitwise_xor bitwise_xor_ copysign copysign_ eq eq_ fmax fmin gcd gcd_
        ge ge_ greater greater_ greater_equal greater_equal_ gt gt_ heaviside heaviside_ isfinite isinf isnan lcm lcm_
        le le_ less less_ less_equal less_equal_ logical_and logical_and_ logical_not logical_not_ logical_or
        logical_or_ logical_xor logical_xor_ lt lt_ maximum minimum ne ne_ nextafter nextafter_ not_equal not_equal_
        signbit where
    """,
    "convert": """
        bfloat16 bool byte cdouble cfloat char clone contiguous copy_ cpu cuda double fill_ float half int long short
        to type_as zero_
    """,
    "copies": """
        apply_ as_subclass map_ narrow_copy pin_memory resolve_conj resolve_neg share_memory_ unsafe_chunk
        unsafe_split unsafe_split_with_sizes
    """,
    "creation": """
        new new_empty new_empty_strided new_full new_ones new_tensor new_zeros
    """,
    "indexing": """
        __getitem__ __setitem__ _index_put_ argwhere index_put index_put_ masked_fill masked_fill_ masked_scatter
        masked_scatter_ masked_select nonzero nonzero_static put put_ take
    """,
    "join": """
        as_strided_scatter diag diag_embed diagflat diagonal_scatter fill_diagonal_ flip fliplr flipud kron repeat
        repeat_interleave roll rot90 select_scatter slice_scatter tile trace tril tril_ triu triu_
    """,
    "linalg": """
        cholesky_inverse cholesky_solve triangular_solve
    """,
    "matmul": """
        __imatmul__ __matmul__ __rmatmul__ addbmm addbmm_ addmm addmm_ addmv addmv_ addr addr_ baddbmm baddbmm_ bmm
        dot ger inner matmul mm mv outer vdot
    """,
    "matrix_functions": """
        cholesky cross det dist inverse logdet lu lu_solve matrix_exp matrix_power norm renorm renorm_ slogdet
    """,
    "parts": """
        chunk diagonal dsplit hsplit narrow select split split_with_sizes tensor_split unbind vsplit
    """,
    "pointwise": """
        __abs__ __add__ __delitem__ __div__ __floordiv__ __iadd__ __ifloordiv__ __imod__ __imul__ __ipow__ __isub__
        __itruediv__ __mod__ __mul__ __neg__ __pos__ __pow__ __radd__ __rdiv__ __rfloordiv__ __rmod__ __rmul__
        __rpow__ __rsub__ __rtruediv__ __sub__ __truediv__ abs abs_ absolute absolute_ acos acos_ acosh acosh_ add
        add_ angle arccos arccos_ arccosh arccosh_ arcsin arcsin_ arcsinh arcsinh_ arctan arctan2 arctan2_ arctan_
        arctanh arctanh_ asin asin_ asinh asinh_ atan atan2 atan2_ atan_ atanh atanh_ ceil ceil_ conj cos cos_ cosh
        cosh_ deg2rad deg2rad_ div div_ divide divide_ erf erf_ erfc erfc_ erfinv erfinv_ exp exp2 exp2_ exp_ expm1
        expm1_ fix fix_ floor floor_ floor_divide floor_divide_ fmod fmod_ frac frac_ hypot hypot_ ldexp ldexp_ log
        log10 log10_ log1p log1p_ log2 log2_ log_ logaddexp logaddexp2 mul mul_ multiply multiply_ neg neg_ negative
        negative_ positive pow pow_ rad2deg rad2deg_ reciprocal reciprocal_ remainder remainder_ round round_ rsqrt
        rsqrt_ sgn sgn_ sigmoid sigmoid_ sign sign_ sin sin_ sinc sinc_ sinh sinh_ sqrt sqrt_ square square_ sub sub_
        subtract subtract_ tan tan_ tanh tanh_ true_divide true_divide_ trunc trunc_ xlogy xlogy_
    """,
    "random": """
        bernoulli_ cauchy_ exponential_ geometric_ log_normal_ normal_ random_ uniform_
    """,
    "random_draws": """
        bernoulli multinomial
    """,
    "random_dropout": """
        rrelu_
    """,
    "reduction": """
        all allclose amax amin aminmax any argmax argmin count_nonzero equal is_nonzero isclose logsumexp max mean min
        nanmean nansum prod std sum var
    """,
    "scan": """
        cummax cummin cumprod cumprod_ cumsum cumsum_ diff logcumsumexp
    """,
    "scatter": """
        gather index_add index_add_ index_copy index_copy_ index_fill index_fill_ index_reduce index_reduce_
        index_select scatter scatter_ scatter_add scatter_add_ scatter_reduce scatter_reduce_ take_along_dim
    """,
    "segment": """
        hash_tensor
    """,
    "shape": """
        adjoint as_strided as_strided_ broadcast_to expand expand_as flatten moveaxis movedim permute ravel reshape
        reshape_as resize_ resize_as_ set_ squeeze squeeze_ sum_to_size swapaxes swapaxes_ swapdims swapdims_ t t_
        transpose transpose_ unflatten unfold unsqueeze unsqueeze_ view view_as
    """,
    "sorting": """
        argsort bincount histc histogram kthvalue median mode msort nanmedian nanquantile quantile sort topk unique
        unique_consecutive
    """,
    "special": """
        _polygamma_ digamma digamma_ i0 i0_ igamma igamma_ igammac igammac_ lgamma lgamma_ logit logit_ mvlgamma
        mvlgamma_ polygamma polygamma_
    """,
    "spectral": """
        geqrf orgqr ormqr pinverse qr svd
    """,
    "statistics": """
        conj_physical conj_physical_ corrcoef cov isneginf isposinf isreal
    """,
    "stft": """
        istft stft
    """,
}

PROPERTIES = {
    "complex_views": """
        imag real
    """,
    "shape": """
        H T mH mT
    """,
}
