"""Write two files of another experiment's layout with ROOT itself (PyROOT), so that no code of ours
had a hand in them.

`other_experiment_ttree.root` has a TTree `daq` of std::vector branches,
`other_experiment_rntuple.root` an RNTuple `Physics` of a collection of structs. PMTs count from 1,
charge is in ADC counts (25 per PE), time in ps, the time stamp in ns, triggers are bits 3 (inner)
and 5 (outer). The numbers follow from the entry, so that a test can foretell them.

Run once, in an environment with ROOT (6.40 was used): python make_root_files.py. The folder that
ROOT stores in the name of the TTree's file was replaced afterwards by one of the same length."""

from pathlib import Path

import ROOT

HERE = Path(__file__).parent
N_EVENTS = 40

ROOT.gInterpreter.Declare("""
#include <ROOT/RNTupleModel.hxx>
#include <ROOT/RNTupleWriter.hxx>
#include <TFile.h>
#include <TTree.h>
#include <vector>

struct Hit { int pmt; float adc; double ps; };
struct Header { unsigned long long number; long long stamp_ns; unsigned int bits; };

std::vector<Hit> hits_of(int entry) {
   std::vector<Hit> hits;
   for (int i = 0; i < 4 + entry % 7; ++i)
      hits.push_back({1 + (entry * 37 + i * 101) % 642, 25.f * (1 + i % 3), 1000. * (10 * i + entry)});
   return hits;
}
Header header_of(int entry) {
   return {1000ull + entry, 20000000ll * entry, (entry % 10 == 9) ? 40u : 8u};
}

void write_ttree(const char *path, int n) {
   TFile file(path, "RECREATE");
   TTree tree("daq", "another experiment");
   Header head;
   std::vector<int> pmt; std::vector<float> adc; std::vector<double> ps;
   tree.Branch("number", &head.number); tree.Branch("stamp_ns", &head.stamp_ns); tree.Branch("bits", &head.bits);
   tree.Branch("pmt", &pmt); tree.Branch("adc", &adc); tree.Branch("ps", &ps);
   for (int e = 0; e < n; ++e) {
      head = header_of(e); pmt.clear(); adc.clear(); ps.clear();
      for (auto &h : hits_of(e)) { pmt.push_back(h.pmt); adc.push_back(h.adc); ps.push_back(h.ps); }
      tree.Fill();
   }
   tree.Write();
}
""")
ROOT.gInterpreter.Declare("""
void write_rntuple(const char *path, int n) {
   auto model = ROOT::RNTupleModel::Create();
   auto number = model->MakeField<std::uint64_t>("number");
   auto stamp = model->MakeField<std::int64_t>("stamp_ns");
   auto bits = model->MakeField<std::uint32_t>("bits");
   auto hits = model->MakeField<std::vector<Hit>>("hits");
   auto writer = ROOT::RNTupleWriter::Recreate(std::move(model), "Physics", path);
   for (int e = 0; e < n; ++e) {
      auto head = header_of(e);
      *number = head.number; *stamp = head.stamp_ns; *bits = head.bits;
      *hits = hits_of(e);
      writer->Fill();
   }
}
""")

ROOT.write_ttree(str(HERE / "other_experiment_ttree.root"), N_EVENTS)
ROOT.write_rntuple(str(HERE / "other_experiment_rntuple.root"), N_EVENTS)
