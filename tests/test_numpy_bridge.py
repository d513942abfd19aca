"""NumPy's functions and numbers with tensors: what comes out is what comes out under PyTorch."""

import numpy as np
import pytest
from side_by_side import assert_same, outcome

import flambeau

CALLS = """
    np.sqrt(t) np.add(t,1) np.add(t,np.ones(2)) np.exp(i) np.maximum(t,5) np.clip(t,0,5) np.round(t) np.abs(t)
    np.float64(2.5)*t np.float32(2)-t np.int64(3)**t np.float64(5)>t np.float64(7)%t np.int64(2)//t t*np.float64(2)
    t/np.int64(2) i*np.float32(2) t**np.int64(2) np.dot(t,t) np.stack([t,t]) np.concatenate([t,t])
    np.linalg.norm(t) np.argmax(t) np.transpose(t) np.expand_dims(t,0) np.where(t>5,1,0) np.float32(t[0])
    np.arange(5)[i] t[np.array([1,0])] t[np.int64(1)] t[np.array([True,False])] np.array([t[0],t[1]])
    torch.tensor([t[0],t[1]]) torch.tensor([np.array([1,2]),np.array([3,4])]) torch.where(t>5,np.float64(1),0)
    torch.zeros(np.int64(2),np.int32(3)) torch.full((np.int64(2),),np.float64(3)) torch.arange(np.float32(3))
    torch.linspace(np.float64(0),np.float32(1),np.int64(3)) t.sum(np.int64(0)) t.reshape(np.int64(2),1)
    t.clamp(np.float64(5)) torch.pow(np.float64(2),t) np.sqrt(g) np.array(g) t.fill_(np.float32(3))
"""


@pytest.mark.parametrize("call", CALLS.split())
def test_numpy_with_tensors(call, reference):
    def body(torch):
        names = {
            "t": torch.tensor([4.0, 9.0]),
            "i": torch.arange(2),
            "g": torch.tensor([1.0, 2.0], requires_grad=True),
        }
        return type(found := eval(call, {"torch": torch, "np": np, **names})).__name__, np.asarray(found)

    # PyTorch warns of its own `__array_wrap__`, and of what is slow there.
    assert_same(outcome(body, flambeau)[0], outcome(body, reference)[0])
