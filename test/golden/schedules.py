"""Learning-rate factors of PyTorch's own schedulers, for test/training/schedules.test.ts."""
import json
import pathlib
import torch


def factors(make, steps):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0, momentum=0.9)
    scheduler = make(optimizer)
    out = []
    for _ in range(steps):
        out.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return out


def plateau(losses, patience, factor):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=factor, patience=patience, eps=0
    )
    out = [1.0]
    for loss in losses:
        scheduler.step(loss)
        out.append(optimizer.param_groups[0]["lr"])
    return out


s = torch.optim.lr_scheduler
losses = [1.0, 0.9, 0.9, 0.95, 0.89999, 0.91, 0.8, 0.85, 0.81, 0.82, 0.8, 0.8, 0.9, 0.8, 0.7, 0.71]
golden = {
    "oneCycle": {
        f"{epochs}x{steps}": factors(
            lambda o: s.OneCycleLR(o, max_lr=1.0, epochs=epochs, steps_per_epoch=steps),
            epochs * steps,
        )
        for epochs, steps in [(3, 7), (10, 4), (1, 25)]
    },
    "cosine": factors(lambda o: s.CosineAnnealingLR(o, T_max=30, eta_min=0.05), 30),
    "step": factors(lambda o: s.StepLR(o, step_size=2 * 5, gamma=0.3), 35),
    "plateau": {"losses": losses, "factors": plateau(losses, patience=2, factor=0.5)},
}
path = pathlib.Path(__file__).with_name("schedules.json")
path.write_text(json.dumps(golden, indent=1) + "\n")
