import pytest

from nengo_fa import plots


@pytest.mark.parametrize(
    "figure",
    [(plots.tuning_curves, "neurons"), (plots.learning_curves, "curves")],
    ids=["image", "lines"],
)
def test_save(figure, request, tmp_path, capfd):
    plot, data = figure[0], request.getfixturevalue(figure[1])
    drawn = plot(data)
    paths = plots.save(drawn, tmp_path / "rate-0.3")
    assert paths == (tmp_path / "rate-0.3.pdf", tmp_path / "rate-0.3.png")
    pdf, png = (path.read_bytes() for path in paths)
    assert pdf.startswith(b"%PDF") and b"CreationDate" not in pdf
    assert png.startswith(b"\x89PNG")
    assert int.from_bytes(png[16:20], "big") == 200 * drawn.get_figwidth()

    again = plots.save(plot(data), str(tmp_path / "again"))
    assert [path.read_bytes() for path in again] == [pdf, png]
    assert capfd.readouterr() == ("", "")
