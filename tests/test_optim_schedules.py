"""Learning-rate schedules and weight averages: the sequences PyTorch gives, to the last bit."""

import copy
import pickle
import warnings

import numpy as np
import pytest

import flambeau
from flambeau import optim
from flambeau.optim import lr_scheduler, swa_utils


def halve(epoch):
    return 0.5**epoch


def slowly(x):
    return 1 / (x + 1)


SCHEDULES = [
    ("LambdaLR", {"lr_lambda": halve}),
    ("MultiplicativeLR", {"lr_lambda": lambda epoch: 0.5}),
    ("StepLR", {"step_size": 2, "gamma": 0.3}),
    ("MultiStepLR", {"milestones": [3, 1, 3, 9]}),
    ("ConstantLR", {}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 0.9, "end_factor": 0.1, "total_iters": 4}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("PolynomialLR", {"power": 2.0}),
    ("CosineAnnealingLR", {"T_max": 5}),
    ("CosineAnnealingLR", {"T_max": 3, "eta_min": 0.01}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3}),
    ("CosineAnnealingWarmRestarts", {"T_0": 2, "T_mult": 3, "eta_min": 0.01}),
    ("OneCycleLR", {"max_lr": 0.1, "total_steps": 30}),
    ("OneCycleLR", {"max_lr": 0.1, "epochs": 4, "steps_per_epoch": 6, "three_phase": True}),
    ("OneCycleLR", {"max_lr": [0.1], "total_steps": 30, "anneal_strategy": "linear"}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 0.3, "step_size_up": 3}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 0.3, "step_size_up": 3, "mode": "triangular2"}),
    (
        "CyclicLR",
        {"base_lr": 0.1, "max_lr": 0.3, "step_size_up": 3, "mode": "exp_range", "gamma": 0.9},
    ),
    (
        "CyclicLR",
        {
            "base_lr": 0.1,
            "max_lr": 0.3,
            "step_size_up": 3,
            "step_size_down": 5,
            "scale_fn": slowly,
            "scale_mode": "iterations",
        },
    ),
]
TO_THE_END = 18


def optimizer_of(library, name="SGD", **options):
    param = library.nn.Parameter(library.ones(2))
    param.grad = library.ones(2)
    if name == "SGD":
        options = {"momentum": 0.9, **options}
    return getattr(library.optim, name)([param], **{"lr": 0.1, **options})


def moving(group):
    """What a schedule may change."""
    return float(group["lr"]), group.get("momentum"), group.get("betas")


def sequence(library, name, options, optimizer="SGD", last_epoch=-1, epochs=None):
    opt = optimizer_of(library, optimizer)
    if last_epoch >= 0:
        opt.param_groups[0].update(initial_lr=0.1, max_lr=0.2, min_lr=0.01, base_momentum=0.1, max_momentum=0.9)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The epoch parameter")
        schedule = getattr(library.optim.lr_scheduler, name)(opt, **options, last_epoch=last_epoch)
        seen = [moving(opt.param_groups[0])]
        for i in range(TO_THE_END):
            opt.step()
            schedule.step(*([epochs[i]] if epochs else []))
            assert schedule.get_last_lr() == [opt.param_groups[0]["lr"]]
            seen.append(moving(opt.param_groups[0]))
    state = {k: v for k, v in schedule.state_dict().items() if k != "_scale_fn_ref"}
    return seen, state


@pytest.mark.parametrize("last_epoch", [-1, 4])
@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
@pytest.mark.parametrize(("name", "options"), SCHEDULES)
def test_sequence_equals_pytorch(reference, name, options, optimizer, last_epoch):
    ours = sequence(flambeau, name, options, optimizer, last_epoch)
    theirs = sequence(reference, name, options, optimizer, last_epoch)
    assert ours == theirs


@pytest.mark.parametrize(("name", "options"), SCHEDULES)
def test_closed_form_equals_pytorch(reference, name, options):
    backwards = list(range(TO_THE_END, 0, -1))
    ours = sequence(flambeau, name, options, epochs=backwards)
    assert ours == sequence(reference, name, options, epochs=backwards)


def test_known_sequences():
    def rates(name, **options):
        return [lr for (lr, *_), _ in zip(sequence(flambeau, name, options)[0], range(5), strict=False)]

    np.testing.assert_allclose(rates("StepLR", step_size=2), [0.1, 0.1, 0.01, 0.01, 0.001])
    np.testing.assert_allclose(rates("LambdaLR", lr_lambda=halve), [0.1 / 2**i for i in range(5)])
    np.testing.assert_allclose(
        rates("CosineAnnealingLR", T_max=4),
        [0.05 * (1 + np.cos(np.pi * i / 4)) for i in range(5)],
        atol=1e-17,
    )


@pytest.mark.parametrize(
    "options",
    [
        {"patience": 1},
        {"patience": 1, "cooldown": 2, "mode": "max"},
        {"patience": 0, "threshold_mode": "abs", "threshold": 0.1, "min_lr": 0.01},
        {"patience": 2, "mode": "max", "threshold_mode": "abs", "factor": 0.5},
    ],
)
def test_plateau_equals_pytorch(reference, options):
    def run(library):
        schedule = library.optim.lr_scheduler.ReduceLROnPlateau(optimizer_of(library), **options)
        seen = []
        for metric in [1, 0.9, 0.95, 0.95, 0.9, 0.8, 0.8, 0.8, 0.8, 2, 2, 2, 2, 2, 2]:
            schedule.step(metric)
            seen.append((schedule.get_last_lr(), schedule.num_bad_epochs, schedule.best))
        return seen, schedule.state_dict()

    assert run(flambeau) == run(reference)


def chained(schedules, opt):
    return schedules.ChainedScheduler([schedules.ConstantLR(opt, 0.1, 2), schedules.ExponentialLR(opt, 0.9)])


def sequential(schedules, opt):
    parts = [
        schedules.LinearLR(opt, 0.1, total_iters=3),
        schedules.CosineAnnealingWarmRestarts(opt, 4),
        schedules.OneCycleLR(opt, 0.1, total_steps=30),
    ]
    return schedules.SequentialLR(opt, parts, [3, 9])


@pytest.mark.parametrize("compose", [chained, sequential])
def test_composed_schedules_equal_pytorch(reference, compose):
    def run(library):
        opt = optimizer_of(library)
        schedule = compose(library.optim.lr_scheduler, opt)
        seen = []
        for _ in range(14):
            opt.step()
            schedule.step()
            seen.append((schedule.get_last_lr(), moving(opt.param_groups[0])))
        return seen, schedule.state_dict()

    assert run(flambeau) == run(reference)


@pytest.mark.parametrize(("name", "options"), SCHEDULES)
def test_checkpoint_continues_the_sequence(name, options):
    opt = optimizer_of(flambeau)
    schedule = getattr(lr_scheduler, name)(opt, **options)
    for _ in range(7):
        opt.step()
        schedule.step()
    other = optimizer_of(flambeau)
    resumed = getattr(lr_scheduler, name)(other, **options)
    resumed.load_state_dict(copy.deepcopy(schedule.state_dict()))
    other.load_state_dict(copy.deepcopy(opt.state_dict()))
    for _ in range(7):
        for each, its in ((opt, schedule), (other, resumed)):
            each.step()
            its.step()
        assert moving(opt.param_groups[0]) == moving(other.param_groups[0])


def test_pickle():
    schedule = lr_scheduler.StepLR(optimizer_of(flambeau), 2)
    assert pickle.loads(pickle.dumps(schedule)).state_dict() == schedule.state_dict()


def test_tensor_rate_is_changed_in_place():
    rate = flambeau.tensor(0.1)
    opt = optimizer_of(flambeau, lr=rate)
    schedule = lr_scheduler.StepLR(opt, 1)
    opt.step()
    schedule.step()
    assert opt.param_groups[0]["lr"] is rate
    assert float(rate) == pytest.approx(0.01)


def test_wrong_order_is_noticed_once():
    schedule = lr_scheduler.StepLR(optimizer_of(flambeau), 2)
    with pytest.warns(UserWarning, match=r"`lr_scheduler.step\(\)` before `optimizer.step\(\)`"):
        schedule.step()
    schedule.step()
    with pytest.warns(UserWarning, match="please use `get_last_lr"):
        schedule.get_lr()


def one():
    return optimizer_of(flambeau)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: lr_scheduler.StepLR(5, 3), TypeError, "int is not an Optimizer"),
        (
            lambda: lr_scheduler.StepLR(one(), 3, last_epoch=2),
            KeyError,
            "param 'initial_lr' is not specified in param_groups[0]",
        ),
        (
            lambda: lr_scheduler.LambdaLR(one(), [halve, halve]),
            ValueError,
            "Expected 1 lr_lambdas, but got 2",
        ),
        (
            lambda: lr_scheduler.ConstantLR(one(), factor=2),
            ValueError,
            "Constant multiplicative factor expected to be between 0 and 1.",
        ),
        (
            lambda: lr_scheduler.CosineAnnealingWarmRestarts(one(), 0),
            ValueError,
            "Expected positive integer T_0, but got 0",
        ),
        (
            lambda: lr_scheduler.CyclicLR(one(), [0.1, 0.1], 0.2),
            ValueError,
            ("base_lr must have the same length as optimizer.param_groups. base_lr has 2 values, param_groups has 1."),
        ),
        (
            lambda: lr_scheduler.OneCycleLR(optim.Adadelta(one().param_groups), 0.1, 10),
            ValueError,
            "optimizer must support momentum or beta1 with `cycle_momentum` option enabled",
        ),
        (
            lambda: lr_scheduler.OneCycleLR(one(), 0.1),
            ValueError,
            "You must define either total_steps OR (epochs AND steps_per_epoch)",
        ),
        (
            lambda: lr_scheduler.ReduceLROnPlateau(one(), factor=1.0),
            ValueError,
            "Factor should be < 1.0.",
        ),
        (
            lambda: lr_scheduler.ChainedScheduler([]),
            ValueError,
            "ChainedScheduler expects at least one scheduler to be chained, but got no scheduler.",
        ),
        (
            lambda: swa_utils.SWALR(one(), 0.1, anneal_epochs=-1),
            ValueError,
            "anneal_epochs must be equal or greater than 0, got -1",
        ),
        (
            lambda: swa_utils.get_ema_avg_fn(2),
            ValueError,
            "Invalid decay value 2 provided. Please provide a value in [0,1] range.",
        ),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error) as caught:
        make()
    assert message in caught.value.args[0]


@pytest.mark.parametrize(
    "options",
    [
        {"swa_lr": 0.05},
        {"swa_lr": [0.05], "anneal_epochs": 3, "anneal_strategy": "linear"},
        {"swa_lr": 0.05, "anneal_epochs": 0},
    ],
)
def test_swa_schedule_equals_pytorch(reference, options):
    def run(library):
        from importlib import import_module

        opt = optimizer_of(library)
        utils = import_module(f"{library.__name__}.optim.swa_utils")
        schedule = utils.SWALR(opt, **options)
        seen = []
        for _ in range(12):
            opt.step()
            schedule.step()
            seen.append(schedule.get_last_lr())
        return seen

    assert run(flambeau) == run(reference)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [1.0, 1.5, 2.0]),
        ({"avg_fn": lambda mean, new, n: 0.5 * mean + 0.5 * new}, [1.0, 1.5, 2.25]),
        ({"multi_avg_fn": swa_utils.get_swa_multi_avg_fn()}, [1.0, 1.5, 2.0]),
        ({"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.5)}, [1.0, 1.5, 2.25]),
    ],
)
def test_averaged_model(options, expected):
    model = flambeau.nn.Linear(1, 1)
    averaged = swa_utils.AveragedModel(model, **options)
    for value, mean in zip([1.0, 2.0, 3.0], expected, strict=True):
        with flambeau.no_grad():
            model.weight.fill_(value)
        averaged.update_parameters(model)
        assert averaged.module.weight.item() == mean
    assert averaged.n_averaged.item() == 3
    assert list(averaged.state_dict()) == ["n_averaged", "module.weight", "module.bias"]
    assert averaged(flambeau.zeros(1, 1)).shape == (1, 1)


def test_batch_norm_statistics_are_recomputed():
    model = flambeau.nn.Sequential(flambeau.nn.BatchNorm1d(2, momentum=0.3)).eval()
    batches = [flambeau.tensor([[0.0, 1.0], [2.0, 3.0]]), flambeau.tensor([[4.0, 4.0], [6.0, 6.0]])]
    swa_utils.update_bn(batches, model)
    assert model[0].running_mean.tolist() == [3.0, 3.5]
    assert model[0].momentum == 0.3
    assert not model.training
