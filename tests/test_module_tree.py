"""PyTorch's module tree: paths that libraries import, and a few names they take from each."""

import importlib
import inspect
import subprocess
import sys

import pytest
from packaging.version import Version

import flambeau

TREE = {
    "amp": "autocast GradScaler custom_fwd custom_bwd is_autocast_available",
    "amp.autocast_mode": "autocast custom_fwd custom_bwd",
    "amp.grad_scaler": "GradScaler OptState",
    "autograd": "Function Variable backward grad gradcheck gradgradcheck no_grad",
    "autograd.forward_ad": "dual_level make_dual unpack_dual",
    "autograd.function": "Function FunctionCtx once_differentiable",
    "autograd.functional": "jacobian hessian vjp jvp hvp vhp",
    "autograd.grad_mode": "no_grad enable_grad inference_mode set_grad_enabled",
    "autograd.gradcheck": "gradcheck gradgradcheck",
    "autograd.graph": "Node saved_tensors_hooks save_on_cpu",
    "backends": "cudnn mkl mkldnn mps cuda openmp opt_einsum",
    "backends.cudnn": "enabled benchmark deterministic is_available version flags",
    "compiler": "disable is_compiling allow_in_graph",
    "cuda": "is_available device_count manual_seed_all empty_cache OutOfMemoryError FloatTensor",
    "cuda.amp": "autocast GradScaler custom_fwd custom_bwd",
    "cuda.amp.autocast_mode": "autocast",
    "cuda.amp.grad_scaler": "GradScaler",
    "cuda.random": "manual_seed_all get_rng_state_all",
    "jit": "script ignore export unused trace is_scripting is_tracing ScriptModule annotate Final",
    "nn": "Module Linear Sequential Parameter Buffer init functional utils modules",
    "nn.functional": "relu softmax cross_entropy layer_norm scaled_dot_product_attention",
    "nn.init": "kaiming_uniform_ xavier_normal_ orthogonal_ trunc_normal_ calculate_gain",
    "nn.modules": "Module Linear ReLU LayerNorm",
    "nn.modules.activation": "ReLU GELU Softmax Sigmoid Tanh",
    "nn.modules.container": "Sequential ModuleList ModuleDict ParameterList ParameterDict",
    "nn.modules.dropout": "Dropout",
    "nn.modules.linear": "Linear Identity Bilinear",
    "nn.modules.loss": "MSELoss CrossEntropyLoss L1Loss BCEWithLogitsLoss NLLLoss",
    "nn.modules.module": "Module",
    "nn.modules.normalization": "LayerNorm",
    "nn.modules.sparse": "Embedding",
    "nn.parallel": "DataParallel",
    "nn.parameter": "Parameter Buffer UninitializedParameter",
    "nn.utils": "clip_grad_norm_ clip_grad_value_ parameters_to_vector vector_to_parameters",
    "nn.utils.rnn": "pad_sequence pack_padded_sequence PackedSequence",
    "optim": "Optimizer SGD Adam AdamW",
    "optim.adam": "Adam",
    "optim.adamw": "AdamW",
    "optim.lr_scheduler": "LambdaLR StepLR CosineAnnealingLR ReduceLROnPlateau",
    "optim.optimizer": "Optimizer required",
    "optim.sgd": "SGD",
    "random": "manual_seed get_rng_state set_rng_state fork_rng",
    "serialization": "save load",
    "torch_version": "TorchVersion",
    "utils": "data",
    "utils.checkpoint": "checkpoint",
    "utils.data": "DataLoader Dataset TensorDataset random_split Subset",
    "utils.data.dataloader": "DataLoader default_collate",
    "utils.data.dataset": "Dataset TensorDataset IterableDataset Subset random_split",
    "utils.data.sampler": "RandomSampler SequentialSampler BatchSampler Sampler",
    "utils.dlpack": "from_dlpack to_dlpack",
    "utils.hooks": "RemovableHandle",
    "version": "__version__ cuda hip debug",
}


@pytest.mark.parametrize("path", TREE)
def test_path_imports_and_has_its_names(path):
    module = importlib.import_module(f"flambeau.{path}")
    missing = [name for name in TREE[path].split() if not hasattr(module, name)]
    assert missing == []


@pytest.mark.parametrize("path", TREE)
def test_pytorch_has_the_same_names_of_the_same_kind(path, reference):
    ours = importlib.import_module(f"flambeau.{path}")
    theirs = importlib.import_module(f"{reference.__name__}.{path}")
    for name in TREE[path].split():
        for kind in (inspect.isclass, inspect.ismodule, callable):
            assert kind(getattr(ours, name)) == kind(getattr(theirs, name)), name


def test_version_parses_and_compares_as_libraries_do():
    version = flambeau.__version__
    assert Version("2.0") <= Version(version)
    assert version >= "2.13"
    assert version > (2, 9)
    assert version < "2.100"
    assert sorted([flambeau.torch_version.TorchVersion("2.10"), "2.9"]) == ["2.9", "2.10"]
    assert version.split("+")[0] == "2.13.0"
    assert isinstance(version, str)


def test_a_version_that_is_none_compares_as_a_string():
    assert flambeau.torch_version.TorchVersion("2.13") != "unknown"
    with pytest.raises(TypeError):
        assert flambeau.torch_version.TorchVersion("2.13") > 2


PROBES = """
    cuda.is_available() cuda.device_count() cuda.is_initialized() cuda.is_bf16_supported()
    cuda.manual_seed(0) cuda.manual_seed_all(0) cuda.seed_all() cuda.empty_cache()
    cuda.memory_allocated() cuda.max_memory_allocated() cuda.get_rng_state_all()
    cuda.get_arch_list() cuda.default_generators cuda.set_device(-1) cuda.synchronize()
    cuda.current_device() cuda.get_device_name(0) cuda.get_device_properties(0)
    cuda.get_device_capability() cuda.mem_get_info() cuda.current_stream() cuda.Stream()
    cuda.FloatTensor(3) cuda.device(-1).__enter__() cuda.device(0).__enter__()
    backends.cudnn.is_available() backends.cudnn.enabled backends.cudnn.benchmark
    backends.cudnn.version() backends.cuda.is_built() backends.cuda.matmul.allow_tf32
    backends.mps.is_available() backends.mps.is_built() backends.mps.is_macos_or_newer(13,0)
    backends.opt_einsum.is_available() backends.opt_einsum.strategy
    mps.is_available() mps.empty_cache() mps.manual_seed(0) mps.current_allocated_memory()
    xpu.is_available() xpu.device_count() xpu.synchronize() xpu.empty_cache()
    accelerator.is_available() accelerator.current_accelerator() accelerator.device_count()
    accelerator.synchronize() cpu.is_available() cpu.device_count() cpu.current_device()
    cpu.synchronize() compiler.is_compiling() compiler.disable(3)
    jit.is_scripting() jit.is_tracing() jit.annotate(int,3) jit.isinstance([1],list[str])
    jit.isinstance({'a':1},dict[str,int]) jit.isinstance((1,'a'),tuple[int,str])
    jit.isinstance(None,int|None) jit.isinstance([1],list) jit.ignore(3)
    version.cuda version.hip version.debug is_autocast_enabled()
    is_autocast_enabled('cpu') get_autocast_dtype('cpu') get_autocast_dtype('cuda')
    amp.is_autocast_available('cpu') amp.is_autocast_available('nonsense')
    amp.autocast(3) amp.GradScaler('cpu',growth_factor=0.5) amp.GradScaler('cpu').state_dict()
    amp.GradScaler('cpu').scale(3) amp.GradScaler('cpu').update()
    amp.GradScaler('cpu',enabled=False).get_scale() amp.GradScaler('cpu').load_state_dict({})
"""


def answer(torch, probe):
    """The value of `torch.<probe>`, or the type and text of what it raises."""
    try:
        return str(eval(f"torch.{probe}", {"torch": torch}))
    except Exception as error:  # noqa: BLE001 -- any exception is an answer to compare
        return type(error), str(error)


@pytest.mark.parametrize("probe", PROBES.split())
def test_probe_answers_as_pytorch_without_a_gpu(probe, reference):
    assert answer(flambeau, probe) == answer(reference, probe)


def test_every_module_imports_alone():
    names = ["cuda", "nn.functional", "optim", "utils.data", "jit", "amp", "autograd.functional"]
    code = "import importlib, sys; importlib.import_module(sys.argv[1])"
    for name in names:
        subprocess.run([sys.executable, "-c", code, f"flambeau.{name}"], check=True)


def test_heavy_libraries_wait_for_their_first_use():
    heavy = "llvmlite scipy ml_dtypes opt_einsum matplotlib tqdm packaging torch"
    code = f"import flambeau, sys; print([m for m in {heavy.split()} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("path", ["", ".autograd", ".utils", ".nn"])
def test_what_dir_lists_is_there_and_the_rest_is_an_attribute_error(path):
    module = importlib.import_module(f"flambeau{path}")
    assert [name for name in dir(module) if not hasattr(module, name)] == []
    assert {"cuda", "Generator", "save"} <= set(dir(flambeau))
    for name in ("profiler", "distributions", "nonsense"):
        found = hasattr(module, name)  # raises unless it is a module of ours, or an AttributeError
        assert not found or importlib.import_module(f"flambeau{path}.{name}")
