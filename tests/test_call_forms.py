"""Ways to say an argument: Python's number types for dtypes, NumPy's names for dimensions; sizes and values refused."""

import pytest
from side_by_side import assert_alike

DTYPES = """
    torch.zeros(2,dtype=float) torch.ones(2,dtype=int) torch.full((2,),1,dtype=float) torch.arange(3,dtype=float)
    torch.tensor([1],dtype=bool) torch.as_tensor([1],dtype=complex) torch.asarray([1],dtype=float)
    torch.eye(2,dtype=int) torch.linspace(0,1,3,dtype=float) torch.logspace(0,1,3,dtype=float)
    torch.rand(2,dtype=float) torch.randint(9,(2,),dtype=float) torch.rand_like(x,dtype=float)
    torch.zeros_like(x,dtype=int) torch.full_like(x,1,dtype=int) torch.scalar_tensor(3,dtype=int)
    x.new_zeros(2,dtype=int) x.new_full((2,),1,dtype=int) x.new_tensor([1],dtype=float)
    x.to(int) x.to(dtype=bool) x.to('cpu',float) x.view(int) x.double().view(dtype=int)
    x.sum(dtype=float) x.sum(0,dtype=float) torch.mean(x,dtype=float) x.prod(dtype=int) x.cumsum(0,dtype=int)
    torch.softmax(x,0,dtype=float) torch.nn.functional.log_softmax(x,0,dtype=float)
    torch.finfo(float).max torch.iinfo(int).max
    torch.zeros(2,dtype=str) torch.zeros(2,dtype='float32') x.new_zeros(2,dtype=3)
"""
SIZES = """
    torch.zeros(-1) torch.zeros(2,-3) torch.ones(-1) torch.empty(-1) torch.full((-1,),1.) torch.rand(2,-1) torch.eye(-1)
    x.new_zeros(-1) torch.full((2,),'a') torch.full((2,),None) torch.full_like(x,'a') x.new_full((2,),'a')
    torch.full((2,),torch.tensor(3.)) torch.full_like(x,True) x.new_full((2,),3)
"""
NAMES = """
    torch.cumsum(x,axis=0) x.cumsum(axis=1) torch.softmax(x,axis=0) x.sum(axis=1,keepdims=True)
    torch.gather(x,axis=1,index=torch.tensor([[0],[1]])) torch.index_select(x,axis=0,index=torch.tensor([1]))
    torch.logsumexp(x,axis=0) x.unsqueeze(axis=0) x.argmax(axis=1) torch.sort(x,axis=0)[0] torch.flip(x,dims=(0,))
    torch.pow(x,exponent=2) x.pow(exponent=2) torch.pow(2,exponent=x) torch.pow(x,x) 2**x x.pow_(exponent=2) torch.pow(x)
    torch.where(x>2) torch.where(torch.tensor(True)) torch.where(condition=x>2) torch.where(x>2,x) torch.where()
    torch.cumsum(x) torch.gather(x) x.gather(index=torch.tensor([0])) torch.gather(x,0) torch.index_add(x,0)
    torch.cumsum(x,0,axis=0) torch.cumsum(x,dim=0,axis=0) torch.cumsum(x,0,nonsense=1)
"""


@pytest.mark.parametrize("call", DTYPES.split() + SIZES.split() + NAMES.split())
def test_a_call_is_understood_as_in_pytorch(call, reference):
    def body(torch):
        return eval(call, {"torch": torch, "x": torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])})

    assert_alike(body, reference)


def test_a_function_with_setup_context_is_given_its_defaults(reference):
    def body(torch):
        class Scale(torch.autograd.Function):
            @staticmethod
            def forward(x, factor=3.0):
                return x * factor

            @staticmethod
            def setup_context(ctx, inputs, output):
                ctx.factor, ctx.count = inputs[1], len(inputs)

            @staticmethod
            def backward(ctx, g):
                return g * ctx.factor, None

        x = torch.ones(2, requires_grad=True)
        y = Scale.apply(x)
        y.sum().backward()
        return y, x.grad, y.grad_fn.count

    assert_alike(body, reference)
